"""The torch modules behind the representations; apart, so that listing them costs nothing."""
