-- By one stage: what the next one would change is looked at before it is let through.
for index, stage in ipairs(obj.spec.order) do
  local above = obj.spec.order[index + 1]
  if stage.name == obj.spec.upTo and above ~= nil then
    obj.spec.upTo = above.name
    break
  end
end
return obj
