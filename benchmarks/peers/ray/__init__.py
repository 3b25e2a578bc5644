"""Ray Serve: proxy, controller and replica are processes of their own, so it alone gets both cores."""
