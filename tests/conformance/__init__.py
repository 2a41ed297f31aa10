"""Public suites of other compilers, from a folder that the user lays out: `make conformance SUITES=folder`.

Nothing of the suites is in this repository. A suite whose folder is absent is listed as not run.

    lustre-v6/test/should_work, should_fail    traces against that compiler's interpreter (LV6=path of `lv6`), and
                                               compiled simulation and exported C against the interpreter here
    velus/tests                                the labels ok_ and ko_
    kind2/tests/regression                     error is rejected; success and falsifiable, by the verdicts of `verify`
    kind2-benchmarks                           read and checked; one in ten of Deprecated/flat verified
    heptagon/test/bad                          in another syntax: the programs of ours that state each case
"""
