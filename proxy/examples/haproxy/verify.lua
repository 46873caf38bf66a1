-- Asks Gatehouse about a request before HAProxy passes it on: http-request lua.verify <address of auth> <what is required>

-- Of this connection or of the body, which is not sent along.
local not_asked = {
    "connection", "content-length", "expect", "http2-settings", "keep-alive", "te", "trailer",
    "transfer-encoding", "upgrade", "x-forwarded-uri", "x-forwarded-method",
}
local told = { "remote-user", "remote-email", "remote-groups", "remote-scopes", "remote-client" }

core.register_action("verify", { "http-req" }, function(request, auth, required)
    local headers = request.http:req_get_headers()
    for _, name in ipairs(not_asked) do
        headers[name] = nil
    end
    headers["x-forwarded-method"] = { [0] = request.f:method() }
    local answer = core.httpclient():get({
        url = "http://" .. auth .. "/auth/verify?require=" .. required,
        headers = headers,
    })
    -- The client's own, in every spelling that a program may take for them.
    for name in pairs(request.http:req_get_headers()) do
        if name:lower():gsub("_", "-"):find("^remote%-") then
            request.http:req_del_header(name)
        end
    end
    if not answer or answer.status ~= 200 then
        return
    end
    for _, name in ipairs(told) do
        local values = answer.headers[name]
        if values then
            request.http:req_set_header(name, values[0])
        end
    end
    request:set_var("txn.may_pass", true)
end, 2)
