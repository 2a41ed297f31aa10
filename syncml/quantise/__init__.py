"""Networks of a program in integers, by calibration on recorded inputs: `syncml export --int8`."""
