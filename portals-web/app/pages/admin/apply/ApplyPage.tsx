import { useMutation, useQueryClient } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import type { ApplyResult } from '~/api/__generated__/schema'
import { applyBundle } from '~/api/queries'
import { PageHeader } from '~/components/PageHeader'
import { useTitle } from '~/hooks/use-title'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'
import { Panel } from '~/ui/lib/Panel'
import { type BundleFile, missingDecks, toBundle } from '~/util/bundle'

import { ApplyProblems } from './ApplyProblems'
import { ChangeList } from './ChangeList'
import { FilePicker, FileTable } from './FilePicker'
import { type LeftOut, useBundle } from './use-bundle'

/** Files in, what they change out, and only then the change. */
export default function ApplyPage() {
  const { t } = useTranslation('apply')
  useTitle(t('title'))
  const preview = useApply(true)
  const push = useApply(false)
  const bundle = useBundle(() => {
    preview.reset()
    push.reset()
  })
  const { files } = bundle
  const isBusy = preview.isPending || push.isPending
  const error = push.error ?? preview.error
  const trouble = troubleOf(files)
  return (
    <>
      <PageHeader title={t('title')} />
      <div className="flex max-w-240 flex-col gap-4 p-5">
        <p className="max-w-160 text-ink-2">{t('lead')}</p>
        <FilePicker onAdd={(chosen) => void bundle.add(chosen)} />
        <LeftOutNotes leftOut={bundle.leftOut} />
        {files.length > 0 ? (
          <Panel
            title={t('files')}
            padded={false}
            actions={
              <Button variant="quiet" size="toolbar" disabled={isBusy} onClick={bundle.clear}>
                {t('clear')}
              </Button>
            }
          >
            <FileTable files={files} onRemove={bundle.remove} />
            <footer className="flex flex-wrap items-center justify-end gap-3 border-t border-line px-4 py-2.5">
              {trouble ? (
                <p role="status" className="me-auto text-warning">
                  {trouble.kind === 'noResources'
                    ? t('noResources')
                    : t('missingDecks', { names: trouble.names.join(', ') })}
                </p>
              ) : null}
              <Button
                variant={preview.data || push.data ? 'secondary' : 'primary'}
                disabled={isBusy || trouble !== null}
                onClick={() => {
                  push.reset()
                  preview.mutate(files)
                }}
              >
                {preview.isPending ? t('previewing') : t('preview')}
              </Button>
            </footer>
          </Panel>
        ) : (
          <EmptyState icon={FileUp} title={t('empty')}>
            {t('emptyBody')}
          </EmptyState>
        )}
        {error ? <ApplyProblems error={error} /> : null}
        {push.data ? <Applied result={push.data} /> : null}
        {preview.data && !push.data && !error ? (
          <Preview
            result={preview.data}
            isBusy={isBusy}
            isApplying={push.isPending}
            onApply={() => push.mutate(files)}
          />
        ) : null}
      </div>
    </>
  )
}

function useApply(dryRun: boolean) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (files: readonly BundleFile[]) => applyBundle(toBundle(files), dryRun),
    onSuccess: async () => {
      if (!dryRun) await client.invalidateQueries({ queryKey: ['resources'] })
    },
  })
}

type Trouble = { kind: 'noResources' } | { kind: 'missingDecks'; names: string[] }

/** Why the files cannot be sent as they are. */
function troubleOf(files: readonly BundleFile[]): Trouble | null {
  if (!files.some(({ role }) => role === 'resources')) return { kind: 'noResources' }
  const names = missingDecks(files)
  return names.length > 0 ? { kind: 'missingDecks', names } : null
}

function LeftOutNotes({ leftOut }: { leftOut: readonly LeftOut[] }) {
  const { t } = useTranslation('apply')
  if (leftOut.length === 0) return null
  return (
    <ul role="alert" className="rounded-control bg-badge-warning-bg px-4 py-2 text-badge-warning">
      {leftOut.map(({ name, reason }) => (
        <li key={name}>{t(reason, { name })}</li>
      ))}
    </ul>
  )
}

interface PreviewProps {
  result: ApplyResult
  isBusy: boolean
  isApplying: boolean
  onApply: () => void
}

function Preview({ result, isBusy, isApplying, onApply }: PreviewProps) {
  const { t } = useTranslation('apply')
  const count = changed(result)
  return (
    <Panel
      title={t('changes')}
      padded={false}
      actions={
        count > 0 ? (
          <Button variant="primary" size="toolbar" disabled={isBusy} onClick={onApply}>
            {isApplying ? t('applying') : t('apply', { count })}
          </Button>
        ) : null
      }
    >
      {count === 0 ? (
        <p role="status" className="px-4 pt-3">
          {t('nothing')}
        </p>
      ) : null}
      <ChangeList changes={result.changes} isApplied={false} />
    </Panel>
  )
}

function Applied({ result }: { result: ApplyResult }) {
  const { t } = useTranslation('apply')
  const count = changed(result)
  return (
    <>
      <div role="status" className="rounded-panel bg-badge-success-bg px-4 py-3 text-badge-success">
        <p className="text-form font-semibold">{t('applied')}</p>
        <p>{t('appliedBody', { count, number: result.snapshot_number })}</p>
      </div>
      <Panel title={t('appliedChanges')} padded={false}>
        <ChangeList changes={result.changes} isApplied />
      </Panel>
    </>
  )
}

function changed({ changes }: ApplyResult): number {
  return changes.filter(({ action }) => action !== 'unchanged').length
}
