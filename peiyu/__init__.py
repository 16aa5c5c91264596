"""The composition root: the `peiyu` command and the all-in-one run of the suite."""
