"""What tests, benchmarks and screenshots share: a running dashboard, visits, killed processes."""
