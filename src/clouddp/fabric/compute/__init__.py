"""The fabric's hosted services: deployments and the role instances that run them."""
