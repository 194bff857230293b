"""Networks that look at lips: the sync expert, the judge, the lip-opening network."""
