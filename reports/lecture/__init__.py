"""The lecture's page: reads the numbers that `bakeoff lecture` computed, and draws them."""
