"""What runs on the host: sent there as one archive, unpacked, and called as `python3 -SEs AGENT NONCE VERB ARGS`.

Standard library only, Python 3.8 or later, Linux; the client never imports it, and it imports nothing of the
client's. A call does one thing that may be repeated and answers with one frame on standard output; a
request whose input is torn gets no answer at all. `start` leaves a supervisor behind that outlives the
connection. Everything is kept below the folder that the agent's own folder lies in; docs/remote.md
has the layout, the order of writes and what follows from it.
"""
