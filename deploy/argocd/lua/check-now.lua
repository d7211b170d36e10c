local os = require("os")
local annotations = obj.metadata.annotations or {}
annotations["pingone-aic.io/requestedAt"] = os.date("!%Y-%m-%dT%XZ")
obj.metadata.annotations = annotations
return obj
