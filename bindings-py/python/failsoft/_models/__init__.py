"""Models of the real SDKs, and scripted ones: what they are asked, and what their replies and chunks hold."""
