-- One script for PingOneConnection, AICIntegration and Promotion: their conditions are those of kstatus.
-- Argo CD itself shows an object that is being deleted as Progressing.
local status = obj.status
if status == nil or status.observedGeneration ~= obj.metadata.generation then
  -- The status describes another spec.
  return {status = "Progressing", message = "the operator has not read this spec yet"}
end
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready, stalled = conditions["Ready"], conditions["Stalled"]
if ready == nil then
  return {status = "Progressing", message = "the object has no conditions yet"}
end
local message = ready.reason .. ": " .. ready.message
if status.phase ~= nil and status.phase ~= ready.reason and ready.reason ~= "Suspended" then
  -- The notifications go by the phase of a run.
  message = status.phase .. ", " .. message
end
-- A notification is sent once for each such time.
local function since(time)
  return message .. " (since " .. time .. ")"
end
if stalled ~= nil and stalled.status == "True" then
  return {status = "Degraded", message = since(stalled.lastTransitionTime)}
end
for _, stage in ipairs(status.stages or {}) do
  if stage.held ~= nil and status.phase == "Held" then
    message = since(stage.held.since)
  end
end
if ready.reason == "Suspended" or status.phase == "Held" then
  -- A person has stopped the object, or has to accept or refuse a run's content.
  return {status = "Suspended", message = message}
end
if ready.status == "True" then
  return {status = "Healthy", message = message}
end
return {status = "Progressing", message = message}
