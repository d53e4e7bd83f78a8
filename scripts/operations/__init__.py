"""What an operator does, one module each; docs/operations.md says when and how."""
