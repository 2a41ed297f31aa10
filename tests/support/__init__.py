"""What tests share: programs in the intermediate languages, by hand and at random."""
