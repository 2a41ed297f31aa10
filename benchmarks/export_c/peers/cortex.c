/*
 * Counts the instructions of one call of `run` on a Cortex-M under QEMU with -icount shift=0, where an instruction takes
 * a nanosecond of the machine's time, and prints them. SysTick counts 25 MHz: 40 instructions.
 */
#include <stdint.h>

extern uint32_t stack_top[], data_load[], data_start[], data_end[], bss_start[], bss_end[];
void run(const float *in, float *out);

#define CALLS 200
#define SYST_CSR (*(volatile uint32_t *)0xE000E010)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018)
#define CPACR (*(volatile uint32_t *)0xE000ED88)

static float in[1024];
static float out[1024];

static void host(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

__attribute__((noinline)) static uint32_t ticks(int calling)
{
    SYST_CVR = 0;
    const uint32_t start = SYST_CVR;
    for (int k = 0; k < CALLS; k++) {
        if (calling) {
            run(in, out);
        } else {
            __asm__ volatile("" ::: "memory");
        }
    }
    return (start - SYST_CVR) & 0xFFFFFFu;
}

static void print(uint32_t number)
{
    static char text[16];
    char *at = text + sizeof text - 2;
    *at = '\n';
    do {
        *--at = (char)('0' + number % 10u);
        number /= 10u;
    } while (number != 0u);
    host(0x04, at);
}

static void reset(void)
{
    const uint32_t *from = data_load;
    for (uint32_t *to = data_start; to < data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end; to++) {
        *to = 0;
    }
    CPACR |= 0xFu << 20;
    __asm__ volatile("dsb\n isb");
    for (int k = 0; k < 1024; k++) {
        in[k] = (float)((k * 37) % 17 - 8) * 0.2f;
    }
    SYST_RVR = 0xFFFFFF;
    SYST_CSR = 5;
    const uint32_t all = ticks(1);
    print((all - ticks(0)) * 40u / CALLS);
    host(0x18, (const void *)0x20026);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static void *const vectors[] = {stack_top, reset, reset, reset};
