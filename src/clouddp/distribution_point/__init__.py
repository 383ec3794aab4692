"""The distribution point service: the front end that clients download from."""
