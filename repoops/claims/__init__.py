"""What texts say of kernels, held against stored reports; says nothing where it knows nothing."""
