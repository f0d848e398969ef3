"""The Admin page's rooms: the gate, starting, the queue, promotion, data sets, storage."""
