/**
 * Passes connections on between a lab and the machine, over a Unix socket in the lab's folder.
 * As a program in a lab: node relay.ts '{"listen":{"port":1},"target":{"path":"/x.sock"}}'
 */
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Server } from 'node:net'
import { argv } from 'node:process'

/** Listens, and joins each connection with a new one to the target. */
export async function relay(listen: ListenOptions, target: NetConnectOpts): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ ...target, allowHalfOpen: true })
    near.pipe(far)
    far.pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
    // A test that ends does not wait for its connections.
    near.unref()
    far.unref()
  })
  const { promise, resolve, reject } = Promise.withResolvers<Server>()
  server.once('error', reject)
  server.listen(listen, () => resolve(server))
  return promise
}

if (import.meta.main && argv[2] !== undefined) {
  const { listen, target } = JSON.parse(argv[2]) as { listen: ListenOptions; target: NetConnectOpts }
  await relay(listen, target)
  console.log('ready')
}
