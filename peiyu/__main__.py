"""`python -m peiyu`."""

from peiyu.cli import main

main()
