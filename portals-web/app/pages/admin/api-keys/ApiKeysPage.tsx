import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ApiKey, ApiKeySecretShown, ApiKeyState } from '~/api/__generated__/schema'
import { apiKeyPageQuery } from '~/api/access'
import { ListScreen } from '~/components/ListScreen'
import { Pager } from '~/components/Pager'
import { ApiKeyForm } from '~/forms/api-key-form'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { usePermission } from '~/hooks/use-permission'
import { useTitle } from '~/hooks/use-title'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { Badge, type Tone } from '~/ui/lib/Badge'
import { Button } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'

import { RevokeDialog, RotateDialog, SecretDialog } from './KeyDialogs'

const TONES: Record<ApiKeyState, Tone> = {
  active: 'success',
  expired: 'warning',
  revoked: 'neutral',
}

type Open = { what: 'make' } | { what: 'rotate' | 'revoke'; apiKey: ApiKey }

/** What programs sign in with. */
export default function ApiKeysPage() {
  const { t } = useTranslation(['access', 'lists'])
  const client = useQueryClient()
  const { cursor } = useSearch({ from: '/shell/people/api-keys' })
  const { data, error, refetch, isPlaceholderData } = useQuery(apiKeyPageQuery(cursor))
  const pages = usePages(cursor, data?.next_cursor)
  const canWrite = usePermission('api_key.write')
  const [open, setOpen] = useState<Open | null>(null)
  const [secret, setSecret] = useState<ApiKeySecretShown | null>(null)
  const columns = useColumns(canWrite ? setOpen : null)
  useTitle(t('keys.title'))
  const close = () => setOpen(null)
  const done = async (made: ApiKeySecretShown | null) => {
    close()
    setSecret(made)
    await client.invalidateQueries({ queryKey: ['api-keys'] })
  }
  const create = canWrite ? (
    <Button variant="primary" onClick={() => setOpen({ what: 'make' })}>
      <Plus aria-hidden size={16} strokeWidth={1.75} />
      {t('keys.new')}
    </Button>
  ) : null
  return (
    <ListScreen
      title={t('keys.title')}
      actions={create}
      table={
        <DataTable
          label={t('keys.title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            <EmptyState icon={KeyRound} title={t('keys.empty')} action={create}>
              {t('keys.emptyBody')}
            </EmptyState>
          }
        />
      }
      pager={
        <Pager pages={pages}>
          {data ? t('lists:pager.shown', { count: data.items.length }) : null}
        </Pager>
      }
    >
      {open?.what === 'make' ? <ApiKeyForm onDone={done} onClose={close} /> : null}
      {open?.what === 'rotate' ? (
        <RotateDialog apiKey={open.apiKey} onDone={done} onClose={close} />
      ) : null}
      {open?.what === 'revoke' ? (
        <RevokeDialog apiKey={open.apiKey} onDone={() => done(null)} onClose={close} />
      ) : null}
      {secret ? <SecretDialog secret={secret} onClose={() => setSecret(null)} /> : null}
    </ListScreen>
  )
}

function useColumns(onOpen: ((open: Open) => void) | null): Column<ApiKey>[] {
  const { t } = useTranslation('access')
  const { zoneName } = useFormat()
  return [
    {
      id: 'name',
      header: t('keys.name'),
      minWidth: 140,
      cell: ({ name }) => <span className="font-medium">{name}</span>,
    },
    {
      id: 'hint',
      header: t('keys.hint'),
      width: 128,
      cell: ({ hint }) => <span className="font-mono text-meta">{hint}</span>,
    },
    {
      id: 'state',
      header: t('keys.state'),
      width: 112,
      cell: ({ state }) => <Badge tone={TONES[state]}>{t(`keys.of.${state}`)}</Badge>,
    },
    {
      id: 'may',
      header: t('keys.may'),
      width: 104,
      cell: ({ permissions }) => (
        <span title={permissions.join(', ')}>
          {t('keys.permissions', { count: permissions.length })}
        </span>
      ),
    },
    { id: 'by', header: t('keys.madeBy'), minWidth: 104, cell: ({ made_by }) => made_by },
    {
      id: 'used',
      header: `${t('keys.lastUsed')} ${zoneName}`,
      width: 176,
      align: 'end',
      cell: ({ last_used_at, last_used_from }) =>
        last_used_at ? (
          <span title={last_used_from ?? undefined}>
            <TimeCell at={last_used_at} />
          </span>
        ) : (
          t('keys.never')
        ),
    },
    {
      id: 'expires',
      header: `${t('keys.expires')} ${zoneName}`,
      width: 176,
      align: 'end',
      optional: true,
      cell: ({ expires_at }) => (expires_at ? <TimeCell at={expires_at} /> : t('keys.noEnd')),
    },
    {
      id: 'actions',
      header: '',
      width: 160,
      align: 'end',
      cell: (apiKey) =>
        onOpen && apiKey.state !== 'revoked' ? (
          <span className="inline-flex gap-1">
            <Button
              size="toolbar"
              aria-label={t('rotate.named', { name: apiKey.name })}
              onClick={() => onOpen({ what: 'rotate', apiKey })}
            >
              {t('rotate.button')}
            </Button>
            <Button
              size="toolbar"
              variant="quiet"
              aria-label={t('revoke.named', { name: apiKey.name })}
              onClick={() => onOpen({ what: 'revoke', apiKey })}
            >
              {t('revoke.button')}
            </Button>
          </span>
        ) : null,
    },
  ]
}
