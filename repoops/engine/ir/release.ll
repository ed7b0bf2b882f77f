define internal i64 @release(ptr %ctx) noinline {
entry:
  <<field warps i64 warps>>
  <<field fibers ptr fibers>>
  br label %outer
outer:
  %i = phi i64 [0, %entry], [%i1, %continue]
  %woken = phi i64 [0, %entry], [%woken1, %continue]
  %o = mul i64 %i, <<FIBER_SIZE>>
  %fiber = getelementptr i8, ptr %fibers, i64 %o
  %status.at = getelementptr i8, ptr %fiber, i64 <<fiber.status>>
  %status = load i64, ptr %status.at
  %waits = icmp eq i64 %status, <<WAITING>>
  br i1 %waits, label %scan, label %continue
scan:
  %id.at = getelementptr i8, ptr %fiber, i64 <<fiber.barrier>>
  %id = load i64, ptr %id.at
  %expected.at = getelementptr i8, ptr %fiber, i64 <<fiber.expected>>
  %expected = load i64, ptr %expected.at
  br label %count
count:
  %j = phi i64 [0, %scan], [%j1, %count]
  %come = phi i64 [0, %scan], [%come1, %count]
  %busy = phi i64 [0, %scan], [%busy1, %count]
  %jo = mul i64 %j, <<FIBER_SIZE>>
  %jf = getelementptr i8, ptr %fibers, i64 %jo
  %js.at = getelementptr i8, ptr %jf, i64 <<fiber.status>>
  %js = load i64, ptr %js.at
  %jid.at = getelementptr i8, ptr %jf, i64 <<fiber.barrier>>
  %jid = load i64, ptr %jid.at
  %jw = icmp eq i64 %js, <<WAITING>>
  %same = icmp eq i64 %jid, %id
  %here = and i1 %jw, %same
  %here64 = zext i1 %here to i64
  %come1 = add i64 %come, %here64
  %jd = icmp eq i64 %js, <<DONE>>
  %settled = or i1 %here, %jd
  %missing = xor i1 %settled, true
  %missing64 = zext i1 %missing to i64
  %busy1 = add i64 %busy, %missing64
  %j1 = add i64 %j, 1
  %jm = icmp ult i64 %j1, %warps
  br i1 %jm, label %count, label %decide
decide:
  %whole = icmp eq i64 %expected, 0
  %nobody = icmp eq i64 %busy1, 0
  %all = and i1 %whole, %nobody
  %waiting = mul i64 %come1, 32
  <<field arrivals ptr arrivals>>
  %id4 = and i64 %id, 15
  %arrived.at = getelementptr i64, ptr %arrivals, i64 %id4
  %arrived = load i64, ptr %arrived.at
  %lanes = add i64 %waiting, %arrived
  %enough = icmp uge i64 %lanes, %expected
  %some = xor i1 %whole, true
  %part = and i1 %some, %enough
  %open = or i1 %all, %part
  br i1 %open, label %free, label %continue
free:
  store i64 0, ptr %arrived.at
  call void @advance(ptr %ctx, i64 <<LAST_EPOCH>>)
  br label %wake
wake:
  %q = phi i64 [0, %free], [%q1, %woke]
  %qo = mul i64 %q, <<FIBER_SIZE>>
  %qf = getelementptr i8, ptr %fibers, i64 %qo
  %qs.at = getelementptr i8, ptr %qf, i64 <<fiber.status>>
  %qs = load i64, ptr %qs.at
  %qid.at = getelementptr i8, ptr %qf, i64 <<fiber.barrier>>
  %qid = load i64, ptr %qid.at
  %qw = icmp eq i64 %qs, <<WAITING>>
  %qsame = icmp eq i64 %qid, %id
  %qhere = and i1 %qw, %qsame
  br i1 %qhere, label %set, label %woke
set:
  store i64 <<READY>>, ptr %qs.at
  br label %woke
woke:
  %q1 = add i64 %q, 1
  %qm = icmp ult i64 %q1, %warps
  br i1 %qm, label %wake, label %freed
freed:
  %woken2 = add i64 %woken, 1
  br label %continue
continue:
  %woken1 = phi i64 [%woken, %outer], [%woken, %decide], [%woken2, %freed]
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %warps
  br i1 %more, label %outer, label %end
end:
  ret i64 %woken1
}
define internal void @advance(ptr %ctx, i64 %last) noinline {
  <<field epoch i64 epoch>>
  %epoch1 = add i64 %epoch, 1
  store i64 %epoch1, ptr %epoch.at
  call void @journal_drop(ptr %ctx)
  %late = icmp ugt i64 %epoch1, %last
  br i1 %late, label %wrap, label %end
wrap:
  call void @wrap(ptr %ctx)
  store i64 1, ptr %epoch.at
  br label %end
end:
  ret void
}
define internal void @stuck(ptr %ctx) cold noinline {
entry:
  <<field warps i64 warps>>
  <<field fibers ptr fibers>>
  %current = getelementptr i8, ptr %ctx, i64 <<ctx.current>>
  br label %loop
loop:
  %i = phi i64 [0, %entry], [%i1, %next]
  %o = mul i64 %i, <<FIBER_SIZE>>
  %fiber = getelementptr i8, ptr %fibers, i64 %o
  %status.at = getelementptr i8, ptr %fiber, i64 <<fiber.status>>
  %status = load i64, ptr %status.at
  %waits = icmp eq i64 %status, <<WAITING>>
  br i1 %waits, label %tell, label %next
tell:
  store i64 %i, ptr %current
  %site.at = getelementptr i8, ptr %fiber, i64 <<fiber.site>>
  %site = load i64, ptr %site.at
  %site32 = trunc i64 %site to i32
  call void @report(ptr %ctx, i32 %site32, i32 <<kind.deadlock>>, i32 -1, <32 x i64> zeroinitializer, i64 0)
  br label %next
next:
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %warps
  br i1 %more, label %loop, label %end
end:
  %stop = getelementptr i8, ptr %ctx, i64 <<ctx.stop>>
  store i64 1, ptr %stop
  ret void
}
