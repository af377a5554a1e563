"""The sandbox's own tests: over real HTTP, with Stripe's own client where it has the call."""
