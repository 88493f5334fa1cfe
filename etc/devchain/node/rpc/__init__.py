"""The JSON-RPC methods, by namespace, and the dispatcher that finds them."""
