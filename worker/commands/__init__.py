"""What an operator can type: one file per noun, put together by `worker.__main__`."""
