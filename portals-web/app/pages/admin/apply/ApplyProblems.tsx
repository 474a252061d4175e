import { useTranslation } from 'react-i18next'

import type { FieldError } from '~/api/__generated__/schema'
import { ApiError, errorCode } from '~/api/errors'
import { ErrorNotice } from '~/components/ErrorNotice'
import { useKindName } from '~/hooks/use-kinds'

export interface ApplyProblemsProps {
  error: unknown
}

/** What is wrong in the files, each with its place; any other error as everywhere. */
export function ApplyProblems({ error }: ApplyProblemsProps) {
  const { t } = useTranslation('apply')
  const faults = error instanceof ApiError ? error.fieldErrors : []
  if (errorCode(error) !== 'invalid' || faults.length === 0) return <ErrorNotice error={error} />
  return (
    <section role="alert" className="rounded-panel border border-line bg-surface">
      <div className="rounded-t-panel bg-badge-danger-bg px-4 py-2.5 text-badge-danger">
        <h2 className="text-form font-semibold">{t('problems')}</h2>
        <p>{t('problemsBody', { count: faults.length })}</p>
      </div>
      <ol>
        {faults.map((fault) => (
          <Fault key={JSON.stringify(fault)} fault={fault} />
        ))}
      </ol>
    </section>
  )
}

function Fault({ fault }: { fault: FieldError }) {
  const { t } = useTranslation('apply')
  const kindName = useKindName()
  const { file, line, column, kind, name, field, message } = fault
  const place =
    line && column ? t('placeColumn', { line, column }) : line ? t('place', { line }) : null
  const subject = [kind ? kindName(kind, 'one') : null, name].filter(Boolean).join(' ')
  return (
    <li className="border-b border-line px-4 py-2.5 last:border-0">
      <p className="break-words">
        {field ? <code className="me-2 font-mono text-meta text-danger">{field}</code> : null}
        {message}
      </p>
      <p className="text-meta text-ink-3">{[file, place, subject].filter(Boolean).join(' · ')}</p>
    </li>
  )
}
