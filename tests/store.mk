# What the unit tests of the store are linked with.

# Each boot of the machine in this test has an id of its own.
$(B)/tests/unit/store-power: ALLLD += -Wl,--wrap=shared_boot_id
