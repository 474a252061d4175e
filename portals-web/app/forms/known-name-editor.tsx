import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { namesQuery } from '~/api/resources'
import { useDebounced } from '~/hooks/use-debounced'

import { NameEditor } from './filter-editors'

interface KnownNameEditorProps {
  label: string
  plural: string
  value: string | undefined
  onApply: (value: string) => void
}

/** Names of what is configured are offered, as the switch finds them. */
export function KnownNameEditor({ plural, ...rest }: KnownNameEditorProps) {
  const [typed, setTyped] = useState('')
  const { data = [] } = useQuery(namesQuery(plural, useDebounced(typed)))
  return <NameEditor {...rest} names={data} onType={setTyped} />
}
