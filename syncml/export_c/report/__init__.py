"""What a package costs: operations of a tick, and bytes of RAM, ROM and stack."""
