import { expect, test } from 'vitest'

import { subjectLink } from './event-subject'

const isKind = (kind: string) => kind === 'trunk'
const linkOf = (kind: string, subject: string) => subjectLink({ kind, subject }, isKind)

test('a resource, a change set and a job have their pages', () => {
  expect(linkOf('trunk.updated', 'trunk/a/b')).toMatchObject({
    to: '/configuration/$kind/$name',
    params: { kind: 'trunk', name: 'a/b' },
  })
  expect(linkOf('change_set.pushed', 'change_set/7')).toMatchObject({ params: { id: '7' } })
  expect(linkOf('job.died', 'job/9')).toMatchObject({ to: '/system/jobs/$id' })
})

test('a name that is a number is told apart from a number', () => {
  expect(linkOf('trunk.updated', 'trunk/42')).toMatchObject({ params: { name: 'name:42' } })
})

test('what is gone or has no page leads nowhere', () => {
  expect(linkOf('trunk.deleted', 'trunk/a')).toBeNull()
  expect(linkOf('change_set.pushed', 'configuration/3')).toBeNull()
  expect(linkOf('change_set.pushed', 'change_set/x')).toBeNull()
  expect(linkOf('user.signed_in', 'user/anna')).toBeNull()
  expect(linkOf('odd', 'nothing')).toBeNull()
  expect(linkOf('trunk.updated', 'trunk/')).toBeNull()
})
