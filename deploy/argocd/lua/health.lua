-- One script for PingOneConnection, AICIntegration and Promotion: their conditions are those of kstatus.
-- An object that is being deleted Argo CD itself shows as Progressing.
local status = obj.status
if status == nil or status.observedGeneration ~= obj.metadata.generation then
  -- What the status says, it says of another spec.
  return {status = "Progressing", message = "the operator has not looked at this spec yet"}
end
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready, stalled = conditions["Ready"], conditions["Stalled"]
if ready == nil then
  return {status = "Progressing", message = "the operator has said nothing yet"}
end
local message = ready.reason .. ": " .. ready.message
if stalled ~= nil and stalled.status == "True" then
  return {status = "Degraded", message = message}
end
if ready.status == "True" then
  return {status = "Healthy", message = message}
end
if status.phase == "Held" then
  -- A run whose content is not the one that was looked at waits for a person.
  return {status = "Suspended", message = message}
end
return {status = "Progressing", message = message}
