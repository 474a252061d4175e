import { keepPreviousData, queryOptions } from '@tanstack/react-query'

import { withoutUndefined } from '~/util/objects'

import type { Job, JobState } from './__generated__/schema'
import { api, unwrap } from './client'

export interface JobFilter {
  state?: JobState | undefined
  kind?: string | undefined
}

export const JOB_PAGE_SIZE = 50

export const jobPageQuery = (filter: JobFilter, cursor?: string) =>
  queryOptions({
    queryKey: ['jobs', 'page', filter, cursor ?? null],
    queryFn: ({ signal }) => {
      const query = withoutUndefined({ ...filter, cursor, limit: JOB_PAGE_SIZE })
      return unwrap(api.GET('/api/v1/jobs', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ['jobs', 'one', id],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/jobs/{id}', { params: { path: { id } }, signal })),
  })

export const jobSchedulesQuery = queryOptions({
  queryKey: ['jobs', 'schedules'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/job-schedules', { signal })),
})

/** Puts a dead or discarded job back, or lets one that waits run now. */
export async function retryJob(id: number) {
  const params = { path: { id: String(id) } }
  return unwrap(api.POST('/api/v1/jobs/{id}/retry', { params }))
}

/** Stops a job that waits, or asks one that runs and tells how far it is to stop. */
export async function cancelJob(id: number) {
  const params = { path: { id: String(id) } }
  return unwrap(api.POST('/api/v1/jobs/{id}/cancel', { params }))
}

/** Whether a job tells how far it is at this moment, so that looking again soon is worth it. */
export function isTelling({ state, progress }: Pick<Job, 'state' | 'progress'>): boolean {
  return state === 'running' && progress !== null
}

/** Decides that a job need not be done. */
export async function discardJob(id: number) {
  const params = { path: { id: String(id) } }
  return unwrap(api.POST('/api/v1/jobs/{id}/discard', { params }))
}

/** Puts the job of a schedule in now; its times stay as they are. */
export async function runSchedule(name: string) {
  return unwrap(api.POST('/api/v1/job-schedules/{name}/run', { params: { path: { name } } }))
}
