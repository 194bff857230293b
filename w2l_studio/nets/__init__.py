"""Networks as ``nn.Module`` and the safe loading of their weights."""
