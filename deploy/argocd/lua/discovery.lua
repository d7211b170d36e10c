-- One script for PingOneConnection, AICIntegration and Promotion.
local function action(name, icon, enabled)
  return {displayName = name, iconClass = "fa fa-fw " .. icon, disabled = not enabled}
end
local spec, status = obj.spec, obj.status or {}
local over = {Succeeded = true, Failed = true, RolledBack = true, Aborted = true}
local is_over = over[status.phase] == true
local actions = {}
actions["check-now"] = action("Check now", "fa-sync", not is_over)
actions["suspend"] = action("Suspend", "fa-pause", not spec.suspend and not is_over)
actions["resume"] = action("Resume", "fa-play", spec.suspend == true)
if obj.kind == "Promotion" then
  local last = spec.order[#spec.order].name
  local may_go_on = not is_over and not spec.abort and not status.aborting
  actions["raise-gate"] = action("Raise the gate by one stage", "fa-step-forward", may_go_on and spec.upTo ~= last)
  actions["abort"] = action("Abort for good", "fa-stop", may_go_on)
end
return actions
