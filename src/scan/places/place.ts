import type { DockerAnswers } from '../docker-answers.ts'
import type { Looking } from '../looking.ts'

/** One kind of place where a value must not lie. To add one is to write its file and to name it in the list of scan.ts. */
export interface Place {
  /** As the progress line shows it. */
  readonly what: string
  /** Searches all of it. What it cannot read it notes; it throws the signal's reason only. */
  search(looking: Looking, docker: DockerAnswers): Promise<void>
}
