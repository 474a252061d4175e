import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Download, ScrollText, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { AuditEntry } from '~/api/__generated__/schema'
import { AUDIT_EXPORT, auditPageQuery, verifyAudit } from '~/api/access'
import { ListScreen } from '~/components/ListScreen'
import { Pager } from '~/components/Pager'
import { ProblemNotice } from '~/components/ProblemNotice'
import { AuditFilters } from '~/forms/audit-filters'
import { useFormat } from '~/hooks/use-format'
import { usePages } from '~/hooks/use-pages'
import { usePermission } from '~/hooks/use-permission'
import { useTitle } from '~/hooks/use-title'
import { OptionalText } from '~/table/cells/OptionalText'
import { TimeCell } from '~/table/cells/TimeCell'
import { type Column, DataTable } from '~/table/DataTable'
import { Button, buttonClass } from '~/ui/lib/Button'
import { EmptyState } from '~/ui/lib/EmptyState'

import { AuditDialog } from './AuditDialog'

/** Who did what, from where, and to what; in a chain that cannot be altered unseen. */
export default function AuditPage() {
  const { t } = useTranslation(['access', 'lists'])
  const { cursor, ...filter } = useSearch({ from: '/shell/people/audit' })
  const navigate = useNavigate({ from: '/people/audit' })
  const { data, error, refetch, isPlaceholderData } = useQuery(auditPageQuery(filter, cursor))
  const pages = usePages(cursor, data?.next_cursor)
  const canExport = usePermission('audit.export')
  const [open, setOpen] = useState<AuditEntry | null>(null)
  const columns = useColumns(setOpen)
  const verification = useMutation({ mutationFn: verifyAudit })
  const isFiltered = Object.values(filter).some(Boolean)
  useTitle(t('audit.title'))
  return (
    <ListScreen
      title={t('audit.title')}
      actions={
        <>
          <Button disabled={verification.isPending} onClick={() => verification.mutate()}>
            <ShieldCheck aria-hidden size={16} strokeWidth={1.75} />
            {verification.isPending ? t('audit.verifying') : t('audit.verify')}
          </Button>
          {canExport ? (
            <a href={AUDIT_EXPORT} download className={buttonClass()}>
              <Download aria-hidden size={16} strokeWidth={1.75} />
              {t('audit.export')}
            </a>
          ) : null}
        </>
      }
      filters={
        <>
          <AuditFilters
            filter={filter}
            onChange={(next) =>
              void navigate({ search: (before) => ({ ...before, ...next, cursor: undefined }) })
            }
          />
          <Verification check={verification} />
        </>
      }
      table={
        <DataTable
          label={t('audit.title')}
          columns={columns}
          rows={data?.items}
          rowKey={({ sequence }) => String(sequence)}
          error={error}
          onRetry={() => void refetch()}
          isOutdated={isPlaceholderData}
          empty={
            isFiltered ? (
              <EmptyState icon={ScrollText} title={t('lists:noMatch')} />
            ) : (
              <EmptyState icon={ScrollText} title={t('audit.empty')}>
                {t('audit.emptyBody')}
              </EmptyState>
            )
          }
        />
      }
      pager={
        <Pager pages={pages}>
          {data ? t('lists:pager.shown', { count: data.items.length }) : null}
        </Pager>
      }
    >
      {open ? <AuditDialog entry={open} onClose={() => setOpen(null)} /> : null}
    </ListScreen>
  )
}

interface VerificationProps {
  check: {
    data: Awaited<ReturnType<typeof verifyAudit>> | undefined
    error: unknown
  }
}

/** What following the chain found. */
function Verification({ check: { data, error } }: VerificationProps) {
  const { t } = useTranslation('access')
  const format = useFormat()
  if (error) return <ProblemNotice error={error} />
  if (!data) return null
  const { holds, entries, broken, public_key } = data
  return (
    <div
      role="status"
      className={`w-full rounded-control px-3 py-2 ${
        holds ? 'bg-badge-success-bg text-badge-success' : 'bg-badge-danger-bg text-badge-danger'
      }`}
    >
      <p className="font-medium">
        {holds || !broken
          ? t('audit.holds', { count: entries, formatted: format.count(entries) })
          : t('audit.broken', { sequence: broken.sequence, fault: broken.fault })}
      </p>
      <p className="break-all">{t('audit.key', { key: public_key })}</p>
    </div>
  )
}

function useColumns(onOpen: (entry: AuditEntry) => void): Column<AuditEntry>[] {
  const { t } = useTranslation('access')
  const { zoneName } = useFormat()
  return [
    {
      id: 'at',
      header: `${t('audit.at')} ${zoneName}`,
      width: 176,
      cell: ({ created_at }) => <TimeCell at={created_at} />,
    },
    {
      id: 'actor',
      header: t('audit.actor'),
      minWidth: 140,
      cell: ({ actor, impersonator }) =>
        impersonator ? (
          <>
            <span className="text-danger">{impersonator}</span>{' '}
            <span className="text-ink-3">{t('audit.as', { actor })}</span>
          </>
        ) : (
          actor
        ),
    },
    {
      id: 'operation',
      header: t('audit.operation'),
      minWidth: 160,
      cell: (entry) => (
        <button
          type="button"
          className="max-w-full truncate rounded-badge text-start font-mono text-meta text-link hover:underline"
          onClick={() => onOpen(entry)}
        >
          {entry.operation}
        </button>
      ),
    },
    {
      id: 'subject',
      header: t('audit.subject'),
      minWidth: 160,
      cell: ({ subject }) => <OptionalText value={subject} />,
    },
    {
      id: 'address',
      header: t('audit.address'),
      width: 136,
      cell: ({ address }) => <OptionalText value={address} />,
    },
    {
      id: 'number',
      header: t('audit.number'),
      width: 80,
      align: 'end',
      cell: ({ sequence }) => sequence,
    },
  ]
}
