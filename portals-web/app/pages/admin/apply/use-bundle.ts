import { useState } from 'react'

import {
  BUNDLE_LENGTH_MAX,
  type BundleFile,
  bundleLength,
  mergeFiles,
  readBundleFile,
} from '~/util/bundle'

/** Why a file is not among the others. */
export interface LeftOut {
  name: string
  reason: 'wrongType' | 'unreadable' | 'tooLong'
}

/** The chosen files. `add` reads them and tells those that it leaves out. */
export function useBundle(onChange: () => void) {
  const [files, setFiles] = useState<BundleFile[]>([])
  const [leftOut, setLeftOut] = useState<LeftOut[]>([])

  const add = async (chosen: readonly File[]) => {
    const results = await Promise.all(chosen.map(read))
    const refused = results.filter((result) => 'reason' in result)
    let next = files
    for (const result of results) {
      if ('reason' in result) continue
      const merged = mergeFiles(next, [result])
      if (bundleLength(merged) > BUNDLE_LENGTH_MAX) {
        refused.push({ name: result.name, reason: 'tooLong' })
      } else {
        next = merged
      }
    }
    setFiles(next)
    setLeftOut(refused)
    onChange()
  }

  return {
    files,
    leftOut,
    add,
    remove: (name: string) => {
      setFiles(files.filter((file) => file.name !== name))
      setLeftOut([])
      onChange()
    },
    clear: () => {
      setFiles([])
      setLeftOut([])
      onChange()
    },
  }
}

async function read(file: File): Promise<BundleFile | LeftOut> {
  try {
    return (await readBundleFile(file)) ?? { name: file.name, reason: 'wrongType' }
  } catch (failure) {
    return { name: file.name, reason: failure instanceof RangeError ? 'tooLong' : 'unreadable' }
  }
}
