"""Public suites of other compilers, from a folder that the user lays out: `make conformance SUITES=folder`.

Nothing of the suites is in this repository. A suite whose folder is absent is listed as not run.

    lustre-v6/test/should_work, should_fail    traces against that compiler's interpreter (LV6=path of `lv6`), and
                                               compiled simulation and exported C against the interpreter here
    kind2/tests/regression                     success and falsifiable, by the exit code of `syncml verify`
    velus/tests                                the labels ok_ and ko_
    heptagon/test/bad                          in another syntax: listed by category, compared with our own programs
"""
