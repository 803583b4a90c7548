"""The page Learning: what happens to the gradient while networks learn.

It shows runs that ship with gradflow. What is said of them is computed from them.
"""
