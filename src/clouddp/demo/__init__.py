"""The whole main job on one machine: starts processes, speaks REST and the command line, nothing else."""
