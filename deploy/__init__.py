"""What surrounds the floor: the local stack, migrations and deployment files."""
