// Shows the API's description. Requests go to this switch only, with the session of the console or
// with a key that is typed in; the key is forgotten with the page.
const safe = ['GET', 'HEAD', 'OPTIONS']
let token

// A change by cookie needs the session's token. Without a session a key is used, which needs none.
async function csrfToken() {
  const answer = await fetch('/api/v1/session', { headers: { Accept: 'application/json' } })
  return answer.ok ? (await answer.json()).csrf_token : null
}

SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: -1,
  filter: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  // The default asks a server of others.
  validatorUrl: null,
  requestInterceptor: async (request) => {
    const changes = !safe.includes((request.method ?? 'GET').toUpperCase())
    if (changes && !request.headers.Authorization) {
      token ??= await csrfToken()
      if (token) request.headers['X-CSRF-Token'] = token
    }
    return request
  },
})
