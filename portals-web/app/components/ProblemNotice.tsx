import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { FieldError } from '~/api/__generated__/schema'
import { ApiError } from '~/api/errors'
import { useFieldWords } from '~/hooks/use-field-words'
import { useErrorText } from '~/hooks/use-error-text'
import { useKindName } from '~/hooks/use-kinds'
import { pb } from '~/util/path-builder'

/** Most reasons that are shown at once. */
const REASONS_MAX = 20

export interface ProblemNoticeProps {
  error: unknown
  title?: string
}

/** Why something was refused, inside of what asked for it: each reason with the way to it. */
export function ProblemNotice({ error, title }: ProblemNoticeProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const words = errorText(error)
  const reasons = error instanceof ApiError ? error.fieldErrors : []
  const detail = error instanceof ApiError ? error.problem.detail : ''
  return (
    <div role="alert" className="rounded-control bg-badge-danger-bg px-3 py-2 text-badge-danger">
      <p className="font-medium">{title ?? words.title}</p>
      {reasons.length > 0 ? (
        <ul className="mt-1 flex flex-col gap-0.5">
          {reasons.slice(0, REASONS_MAX).map((reason) => (
            <li key={JSON.stringify(reason)} className="break-words">
              <Reason reason={reason} />
            </li>
          ))}
          {reasons.length > REASONS_MAX ? (
            <li>{t('andMore', { count: reasons.length - REASONS_MAX })}</li>
          ) : null}
        </ul>
      ) : (
        <p className="break-words">{detail || words.advice}</p>
      )}
    </div>
  )
}

function Reason({ reason: { kind, name, field, line, message } }: { reason: FieldError }) {
  const { t } = useTranslation()
  const kindName = useKindName()
  const words = useFieldWords()
  return (
    <>
      {line ? <span className="font-medium">{t('line', { line })} </span> : null}
      {kind && name ? (
        <Link {...pb.resource(kind, name)} className="font-medium underline">
          {kindName(kind, 'one')} {name}
        </Link>
      ) : null}
      {kind && name ? ': ' : null}
      {field ? <span className="font-medium">{words.field(field)}: </span> : null}
      <Message text={message} />
    </>
  )
}

/** What the API says of others, `trunk "aurora-out"`, leads to them. */
function Message({ text }: { text: string }) {
  const parts = text.split(/([a-z_]+ "[^"]+")/)
  return parts.map((part) => {
    const [, kind, name] = /^([a-z_]+) "([^"]+)"$/.exec(part) ?? []
    if (kind === undefined || name === undefined) return part
    return (
      <Link key={part} {...pb.resource(kind, name)} className="font-medium underline">
        {part}
      </Link>
    )
  })
}
