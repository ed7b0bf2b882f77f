define internal i32 @members(<32 x i32> %named, i32 %here, i32 %live) noinline {
entry:
  %spill = alloca <32 x i32>
  store <32 x i32> %named, ptr %spill
  br label %next
next:
  %todo = phi i32 [%here, %entry], [%todo1, %group]
  %bad = phi i32 [0, %entry], [%bad1, %group]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %group
group:
  %lane = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %lane64 = zext i32 %lane to i64
  %at = getelementptr i32, ptr %spill, i64 %lane64
  %mask = load i32, ptr %at
  %mask.1 = insertelement <32 x i32> poison, i32 %mask, i64 0
  %mask.v = shufflevector <32 x i32> %mask.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %same = icmp eq <32 x i32> %named, %mask.v
  %same.w = bitcast <32 x i1> %same to i32
  %group.w = and i32 %same.w, %here
  %differ = xor i32 %mask, %group.w
  %unnamed = and i32 %differ, %group.w
  %unmet = and i32 %differ, %mask
  %missing = and i32 %unmet, %live
  %wrong = or i32 %unnamed, %missing
  %bad1 = or i32 %bad, %wrong
  %done = xor i32 %group.w, -1
  %todo1 = and i32 %todo, %done
  br label %next
end:
  ret i32 %bad
}
