"""What is on offer and to whom: discovery, the tree, the one gate."""
