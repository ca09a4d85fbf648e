-- What an interpreter asks of malloc: trees of small tables, strings of all lengths, tables that grow, sorting, closures.
-- Prints a line that depends on all of it; the same on every allocator.

local scale = tonumber(arg[1]) or 1

local function tree(depth)
  if depth == 0 then return {} end
  return { tree(depth - 1), tree(depth - 1) }
end

local function count(node)
  if node[1] then return 1 + count(node[1]) + count(node[2]) end
  return 1
end

local function trees(rounds)
  local long_lived = tree(13)
  local nodes = 0
  for _ = 1, rounds do nodes = nodes + count(tree(11)) end
  return nodes + count(long_lived)
end

local function words(rounds)
  local parts = {}
  for i = 1, rounds do parts[i] = "key" .. i * 7919 % 100003 end
  local text = table.concat(parts, ",")
  local seen = {}
  for word in text:gmatch("[^,]+") do
    local ending = word:sub(-4)
    seen[ending] = (seen[ending] or 0) + 1
  end
  local sum = #text
  for ending, times in pairs(seen) do sum = sum + #ending * times end
  return sum
end

local function sorting(rounds)
  local sum = 0
  for round = 1, rounds do
    local rows = {}
    for i = 1, 1000 do rows[i] = { name = string.rep("x", i % 200) .. i, rank = i * 7919 % 1009 } end
    table.sort(rows, function(a, b)
      if a.rank ~= b.rank then return a.rank < b.rank end
      return a.name < b.name
    end)
    sum = sum + #rows[round % 1000 + 1].name
  end
  return sum
end

local function closures(rounds)
  local made = {}
  for i = 1, rounds do
    local n = i
    made[i % 500] = function(x) n = n + x return n end
    made[i % 500](1)
  end
  local sum = 0
  for _, f in pairs(made) do sum = sum + f(0) end
  return sum
end

print(trees(20 * scale), words(60000 * scale), sorting(15 * scale), closures(100000 * scale))
