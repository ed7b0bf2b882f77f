define internal void @start(ptr %ctx, i64 %index) {
  <<field fibers ptr fibers>>
  <<field stacks i64 stacks>>
  <<field stack_size i64 size>>
  %offset = mul i64 %index, <<FIBER_SIZE>>
  %fiber = getelementptr i8, ptr %fibers, i64 %offset
  %next = add i64 %index, 1
  %span = mul i64 %next, %size
  %top = add i64 %stacks, %span
  %below = sub i64 %top, <<below>>
  %low = inttoptr i64 %below to ptr
  %ctx.word = ptrtoint ptr %ctx to i64
  %function = ptrtoint ptr @warp to i64
  %begin = ptrtoint ptr @repoops_begin to i64
<<stores>>
  call void @llvm.memset.p0.i64(ptr %fiber, i8 0, i64 <<FIBER_SIZE>>, i1 false)
  store i64 %below, ptr %fiber
  ret void
}
define internal ptr @fiber(ptr %ctx) alwaysinline {
  <<field fibers ptr fibers>>
  <<field current i64 current>>
  %offset = mul i64 %current, <<FIBER_SIZE>>
  %fiber = getelementptr i8, ptr %fibers, i64 %offset
  ret ptr %fiber
}
define internal void @leave(ptr %ctx, i64 %status) noinline {
  %fiber = call ptr @fiber(ptr %ctx)
  %status.at = getelementptr i8, ptr %fiber, i64 <<fiber.status>>
  store i64 %status, ptr %status.at
  %goes = icmp ne i64 %status, <<READY>>
  br i1 %goes, label %progress, label %switch
progress:
  %quiet.at = getelementptr i8, ptr %ctx, i64 <<ctx.quiet>>
  store i64 0, ptr %quiet.at
  br label %switch
switch:
  <<field scheduler i64 scheduler>>
  call void @repoops_switch(ptr %fiber, i64 %scheduler)
  ret void
}
define internal void @finish(ptr %ctx) noinline noreturn {
  call void @leave(ptr %ctx, i64 <<DONE>>)
  unreachable
}
define internal void @die(ptr %ctx, i32 %site, i32 %kind, i32 %mask) cold noinline noreturn {
  call void @report(ptr %ctx, i32 %site, i32 %kind, i32 %mask, <32 x i64> zeroinitializer, i64 0)
  %stop = getelementptr i8, ptr %ctx, i64 <<ctx.stop>>
  store i64 1, ptr %stop
  call void @finish(ptr %ctx)
  unreachable
}
define internal i64 @tick(ptr %ctx, i32 %site) cold noinline {
  <<field stop i64 stop>>
  %asked = icmp eq i64 %stop, <<ASKED>>
  br i1 %asked, label %stopped, label %count
stopped:
  call void @die(ptr %ctx, i32 %site, i32 <<kind.timeout>>, i32 -1)
  unreachable
count:
  <<field budget i64 budget>>
  <<field ticks i64 quantum>>
  %left = sub i64 %budget, %quantum
  store i64 %left, ptr %budget.at
  %over = icmp slt i64 %left, 0
  br i1 %over, label %end, label %on
end:
  call void @die(ptr %ctx, i32 %site, i32 <<kind.limit>>, i32 -1)
  unreachable
on:
  %fiber = call ptr @fiber(ptr %ctx)
  %polled.at = getelementptr i8, ptr %fiber, i64 <<fiber.polled>>
  %polled = load i64, ptr %polled.at
  store i64 0, ptr %polled.at
  %worked = icmp eq i64 %polled, 0
  br i1 %worked, label %progress, label %yield
progress:
  %quiet.at = getelementptr i8, ptr %ctx, i64 <<ctx.quiet>>
  store i64 0, ptr %quiet.at
  br label %yield
yield:
  call void @leave(ptr %ctx, i64 <<READY>>)
  ret i64 %quantum
}
define internal void @returned(ptr %ctx, i64 %left, i32 %site) noinline {
  <<field turns i64 turns>>
  <<field ticks i64 quantum>>
  %used = sub i64 %quantum, %left
  %before = sub i64 %turns, %used
  %rest = sub i64 %before, 1
  store i64 %rest, ptr %turns.at
  %spent = icmp slt i64 %rest, 0
  br i1 %spent, label %tick, label %on
tick:
  %more = call i64 @tick(ptr %ctx, i32 %site)
  %now = load i64, ptr %turns.at
  %renewed = add i64 %now, %more
  store i64 %renewed, ptr %turns.at
  br label %on
on:
  ret void
}
define internal void @barrier(ptr %ctx, i64 %id, i64 %expected, i64 %site) noinline {
  %fiber = call ptr @fiber(ptr %ctx)
  %site.at = getelementptr i8, ptr %fiber, i64 <<fiber.site>>
  store i64 %site, ptr %site.at
  %id.at = getelementptr i8, ptr %fiber, i64 <<fiber.barrier>>
  store i64 %id, ptr %id.at
  %expected.at = getelementptr i8, ptr %fiber, i64 <<fiber.expected>>
  store i64 %expected, ptr %expected.at
  call void @leave(ptr %ctx, i64 <<WAITING>>)
  ret void
}
