"""What came of it: figures on people unseen, the paper's tables, FID, checks before hours are spent."""
