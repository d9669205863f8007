"""What our gateway is held against, and the processes of ours that stand beside it."""
