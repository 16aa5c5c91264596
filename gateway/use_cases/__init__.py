"""What an administrator and the installer can do; each file is one verb."""
