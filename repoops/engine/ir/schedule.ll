define void @run(ptr %ctx) {
  <<field next_block ptr counter>>
  <<field blocks i64 total>>
  <<field nctaid_x i64 gx>>
  <<field nctaid_y i64 gy>>
  br label %next
next:
  %stop = call i64 @stopped(ptr %ctx)
  %halt = icmp ne i64 %stop, 0
  br i1 %halt, label %end, label %take
take:
  %b = atomicrmw add ptr %counter, i64 1 monotonic
  %more = icmp ult i64 %b, %total
  br i1 %more, label %go, label %end
go:
  %x = urem i64 %b, %gx
  %r = udiv i64 %b, %gx
  %y = urem i64 %r, %gy
  %z = udiv i64 %r, %gy
  %block.at = getelementptr i8, ptr %ctx, i64 <<ctx.block>>
  store i64 %b, ptr %block.at
  %x.at = getelementptr i8, ptr %ctx, i64 <<ctx.ctaid_x>>
  store i64 %x, ptr %x.at
  %y.at = getelementptr i8, ptr %ctx, i64 <<ctx.ctaid_y>>
  store i64 %y, ptr %y.at
  %z.at = getelementptr i8, ptr %ctx, i64 <<ctx.ctaid_z>>
  store i64 %z, ptr %z.at
  %limit.at = getelementptr i8, ptr %ctx, i64 <<ctx.limit>>
  %limit = load i64, ptr %limit.at
  %budget.at = getelementptr i8, ptr %ctx, i64 <<ctx.budget>>
  store i64 %limit, ptr %budget.at
  call void @advance(ptr %ctx, i64 <<FIRST_HALF>>)
  <<field arrivals ptr arrivals>>
  call void @llvm.memset.p0.i64(ptr %arrivals, i8 0, i64 128, i1 false)
  %quiet.at = getelementptr i8, ptr %ctx, i64 <<ctx.quiet>>
  store i64 0, ptr %quiet.at
  %clock.at = getelementptr i8, ptr %ctx, i64 <<ctx.clock>>
  store i64 0, ptr %clock.at
  call void @clear(ptr %ctx)
  call void @block(ptr %ctx)
  br label %next
end:
  ret void
}
define internal i64 @stopped(ptr %ctx) {
  <<field stop i64 stop>>
  ret i64 %stop
}
define internal void @clear(ptr %ctx) noinline {
<<clear>>
  ret void
}
define internal void @block(ptr %ctx) noinline {
entry:
  <<field warps i64 warps>>
  <<field order ptr order>>
  <<field fibers ptr fibers>>
  %scheduler = getelementptr i8, ptr %ctx, i64 <<ctx.scheduler>>
  %current = getelementptr i8, ptr %ctx, i64 <<ctx.current>>
  br label %init
init:
  %i = phi i64 [0, %entry], [%i1, %init]
  call void @start(ptr %ctx, i64 %i)
  %i1 = add i64 %i, 1
  %inits = icmp ult i64 %i1, %warps
  br i1 %inits, label %init, label %round
round:
  br label %pick
pick:
  %k = phi i64 [0, %round], [%k1, %picked]
  %ran = phi i64 [0, %round], [%ran1, %picked]
  %left = phi i64 [0, %round], [%left1, %picked]
  %w.at = getelementptr i64, ptr %order, i64 %k
  %w = load i64, ptr %w.at
  %offset = mul i64 %w, <<FIBER_SIZE>>
  %fiber = getelementptr i8, ptr %fibers, i64 %offset
  %status.at = getelementptr i8, ptr %fiber, i64 <<fiber.status>>
  %status = load i64, ptr %status.at
  %ready = icmp eq i64 %status, <<READY>>
  br i1 %ready, label %resume, label %picked
resume:
  store i64 %w, ptr %current
  %sp = load i64, ptr %fiber
  call void @repoops_switch(ptr %scheduler, i64 %sp)
  br label %picked
picked:
  %one = phi i64 [0, %pick], [1, %resume]
  %ran1 = add i64 %ran, %one
  %after = load i64, ptr %status.at
  %alive = icmp ne i64 %after, <<DONE>>
  %alive64 = zext i1 %alive to i64
  %left1 = add i64 %left, %alive64
  %k1 = add i64 %k, 1
  %picks = icmp ult i64 %k1, %warps
  br i1 %picks, label %pick, label %settle
settle:
  %stop = call i64 @stopped(ptr %ctx)
  %halt = icmp ne i64 %stop, 0
  %none = icmp eq i64 %left1, 0
  %over = or i1 %halt, %none
  br i1 %over, label %end, label %wake
wake:
  %woken = call i64 @release(ptr %ctx)
  %idle = icmp eq i64 %ran1, 0
  %asleep = icmp eq i64 %woken, 0
  %dead = and i1 %idle, %asleep
  br i1 %dead, label %deadlock, label %round
deadlock:
  call void @stuck(ptr %ctx)
  br label %end
end:
  ret void
}
