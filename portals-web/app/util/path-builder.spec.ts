import { QueryClient } from '@tanstack/react-query'
import { expect, test } from 'vitest'

import { buildRouter } from '~/routes'

import { pb } from './path-builder'

const router = buildRouter(new QueryClient())

test('every link leads where it always led', () => {
  const links = {
    live: pb.live(),
    liveCalls: pb.liveCalls(),
    liveCallsPage: pb.liveCalls('c2'),
    cdrs: pb.cdrs(),
    cdrsFiltered: pb.cdrs({
      customer: 'A & B',
      outcome: 'failed',
      called_prefix: '4477',
      last: '24h',
    }),
    cdr: pb.cdr('0198a1'),
    explain: pb.explain({ from: '442071838750', to: '33142685300', customer: 'acme' }),
    configuration: pb.configuration(),
    apply: pb.apply(),
    resources: pb.resources('rate_card', { q: 'retail' }),
    resource: pb.resource('trunk', 'a/b c'),
    system: pb.system(),
    signIn: pb.signIn('/cdrs?outcome=failed'),
  }
  const paths = Object.fromEntries(
    Object.entries(links).map(([name, link]) => [name, router.buildLocation(link).href]),
  )
  expect(paths).toMatchInlineSnapshot(`
    {
      "apply": "/configuration/apply",
      "cdr": "/cdrs/0198a1",
      "cdrs": "/cdrs",
      "cdrsFiltered": "/cdrs?customer=A+%26+B&outcome=failed&called_prefix=4477&last=24h",
      "configuration": "/configuration",
      "explain": "/explain?from=442071838750&to=33142685300&customer=acme",
      "live": "/live",
      "liveCalls": "/live/calls",
      "liveCallsPage": "/live/calls?cursor=c2",
      "resource": "/configuration/trunk/a%2Fb%20c",
      "resources": "/configuration/rate_card?q=retail",
      "signIn": "/sign-in?next=%2Fcdrs%3Foutcome%3Dfailed",
      "system": "/system",
    }
  `)
})

test('an address leads to its page', () => {
  const pageOf = (path: string) => router.getMatchedRoutes(path)[0].at(-1)?.fullPath
  expect(pageOf('/cdrs/0198a1')).toBe('/cdrs/$id')
  expect(pageOf('/configuration/trunk/aurora')).toBe('/configuration/$kind/$name')
  expect(pageOf('/configuration/apply')).toBe('/configuration/apply')
  expect(pageOf('/no/such/page')).toBe('/$')
})
