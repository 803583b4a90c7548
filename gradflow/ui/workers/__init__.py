"""Heavy work in processes of its own: a bounded pool, its queue, and the memory that it reserves.

Nothing here imports streamlit, and a worker loads the library alone.
"""
