All = object()
