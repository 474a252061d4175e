/** Names that a path of the API or of the console would read as something else. */
const READ_OTHERWISE = /^\d+$|^(name|external_id):|^(bulk|import|export|new)$/

/** A resource by its name, as a path names it. */
export function targetOf(name: string): string {
  return READ_OTHERWISE.test(name) ? `name:${name}` : name
}
